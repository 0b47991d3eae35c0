import { Malformed } from '../../base/bytes.ts';
import { consolePortTexts } from '../../../messages/inputPorts.ts';
import { chunkFlaws } from '../../../messages/recordingDamage.ts';
import type { EventPort } from './inputPort.ts';

/** Console input. An event is one byte, which is received by the UART or by a semihosting read. */
export const CONSOLE_PORT: EventPort<number> = {
  number: 1,
  events: {
    kind: 'consoleInput',
    encode: (byte) => Uint8Array.of(byte),
    decode: (payload) => {
      if (payload.length !== 1) throw new Malformed(chunkFlaws.badPayload());
      return payload[0];
    },
    fields: (byte) => ({ byte }),
    describe: (byte) => consolePortTexts.entry(`0x${byte.toString(16).padStart(2, '0')}`, printable(byte)),
    expectation: (byte) => consolePortTexts.expectation(byte),
  },
};

function printable(byte: number): string {
  return byte > 0x20 && byte < 0x7f ? ` '${String.fromCharCode(byte)}'` : '';
}
