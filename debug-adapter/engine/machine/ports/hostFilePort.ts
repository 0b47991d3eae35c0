import { ByteReader, ByteWriter } from '../../base/bytes.ts';
import { hexText } from '../../base/hexText.ts';
import { hostFilePortTexts } from '../../../messages/inputPorts.ts';
import type { QueryPort } from './inputPort.ts';

/**
 * A semihosting query. File names are exactly those that the guest specified. An answer may contain fewer bytes than
 * requested, and contains none at the end of the file or input.
 */
export type HostFileQuery =
  | { kind: 'length'; name: string }
  | { kind: 'bytes'; name: string; offset: number; lengthBytes: number }
  /**
   * Returns console input that has not been delivered yet. If there is none now but more may arrive, the answer
   * contains the error NO_INPUT_YET.
   */
  | { kind: 'console'; lengthBytes: number };

/** The error number if the console has no input yet but may receive some (EAGAIN). */
export const NO_INPUT_YET = 11;

/** The answer to a HostFileQuery; on an error, `bytes` is empty. */
export interface HostFileResult {
  /** 0 for success, or a Linux error number. */
  error: number;
  /** The length of the whole file, for a `length` query. */
  lengthBytes: number;
  bytes: Uint8Array;
}

/** Host files and undelivered console input, for semihosting calls. */
export const HOST_FILE_PORT: QueryPort<HostFileQuery, HostFileResult> = {
  number: 4,
  answers: {
    kind: 'hostFile',
    encode: ({ error, lengthBytes, bytes }) => {
      const to = new ByteWriter(bytes.length + 16);
      to.varint(error);
      to.varint(lengthBytes);
      to.bytes(bytes);
      return to.view();
    },
    decode: (payload) => {
      const from = new ByteReader(payload);
      const [error, lengthBytes] = [from.varint(), from.varint()];
      return { error, lengthBytes, bytes: from.bytes(from.remaining) };
    },
    fields: ({ error, lengthBytes, bytes }) => ({ error, lengthBytes, bytes: hexText(bytes) }),
    describe: (result) => hostFilePortTexts.entry(resultText(result)),
    expectation: () => hostFilePortTexts.expectation(),
    requested: hostFilePortTexts.requested(),
    isPossible: ({ bytes }, query) => bytes.length <= (query.kind === 'length' ? 0 : query.lengthBytes),
  },
};

/** Describes the result: the error, the number of bytes read, or the length of the file that was opened. */
function resultText({ error, lengthBytes, bytes }: HostFileResult): string {
  if (error) return hostFilePortTexts.error(error);
  return bytes.length > 0 ? hostFilePortTexts.piece(bytes.length) : hostFilePortTexts.length(lengthBytes);
}
