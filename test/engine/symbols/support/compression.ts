import { deflateRawSync, inflateRawSync } from 'node:zlib';
import type { HostCompression } from '../../../../debug-adapter/engine/base/host.ts';

export const nodeCompression: HostCompression = {
  deflate: (bytes) => deflateRawSync(bytes),
  inflate: (bytes, lengthBytes) => inflateRawSync(bytes, { maxOutputLength: lengthBytes }),
};
