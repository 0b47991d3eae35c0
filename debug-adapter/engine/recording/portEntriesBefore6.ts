import type { ByteReader } from '../base/bytes.ts';
import { CLOCK_PORT } from '../machine/ports/clockPort.ts';
import { CONSOLE_PORT } from '../machine/ports/consolePort.ts';
import { ENTROPY_PORT } from '../machine/ports/entropyPort.ts';
import { HOST_FILE_PORT } from '../machine/ports/hostFilePort.ts';

/**
 * Decodes entries of the kinds that formats 2 to 5 use instead of `input` and `answer`. Such an entry contains neither
 * a port number nor a payload length, because its kind determines both. Its data equals the payload in format 6, except
 * that a byte string is preceded by its length. Returns undefined for any other code.
 */
export function readPortEntryBefore6(
  code: number,
  from: ByteReader,
): { port: number; payload: Uint8Array } | undefined {
  switch (code) {
    case 1:
      return { port: CONSOLE_PORT.number, payload: CONSOLE_PORT.events.encode(from.byte()) };
    case 11:
      return { port: CLOCK_PORT.number, payload: CLOCK_PORT.answers.encode(from.varint()) };
    case 12:
      return { port: ENTROPY_PORT.number, payload: from.bytes(from.varint()).slice() };
    case 13: {
      const [error, lengthBytes] = [from.varint(), from.varint()];
      const bytes = from.bytes(from.varint());
      return { port: HOST_FILE_PORT.number, payload: HOST_FILE_PORT.answers.encode({ error, lengthBytes, bytes }) };
    }
    default:
      return undefined;
  }
}
