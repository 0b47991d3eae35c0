import { hexText } from '../../base/hexText.ts';
import { entropyPortTexts } from '../../../messages/inputPorts.ts';
import type { QueryPort } from './inputPort.ts';

/** Random bytes from the host. A query specifies the number of bytes, and the answer contains the bytes. */
export const ENTROPY_PORT: QueryPort<number, Uint8Array> = {
  number: 3,
  answers: {
    kind: 'entropy',
    encode: (bytes) => bytes,
    decode: (payload) => payload,
    fields: (bytes) => ({ bytes: hexText(bytes) }),
    describe: (bytes) => entropyPortTexts.entry(hexText(bytes)),
    expectation: (bytes) => entropyPortTexts.expectation(bytes.length),
    requested: entropyPortTexts.requested(),
    isPossible: (bytes, lengthBytes) => bytes.length === lengthBytes,
  },
};
