import { ByteReader, ByteWriter, Malformed } from '../../base/bytes.ts';
import { clockPortTexts } from '../../../messages/inputPorts.ts';
import { chunkFlaws } from '../../../messages/recordingDamage.ts';
import type { QueryPort } from './inputPort.ts';

/** The host's time. An answer is the number of milliseconds since 1970. */
export const CLOCK_PORT: QueryPort<undefined, number> = {
  number: 2,
  answers: {
    kind: 'hostTime',
    encode: (milliseconds) => {
      const to = new ByteWriter(8);
      to.varint(milliseconds);
      return to.view();
    },
    decode: (payload) => {
      const from = new ByteReader(payload);
      const milliseconds = from.varint();
      if (!from.done) throw new Malformed(chunkFlaws.badPayload());
      return milliseconds;
    },
    fields: (milliseconds) => ({ milliseconds }),
    describe: (milliseconds) => clockPortTexts.entry(milliseconds),
    expectation: () => clockPortTexts.expectation(),
    requested: clockPortTexts.requested(),
    isPossible: () => true,
  },
};
