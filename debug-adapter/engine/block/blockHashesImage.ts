import { buildBlockHashes } from './blockHashesCode.ts';

/** In bundles, this file is replaced with the prebuilt bytes (scripts/prebuilt.mjs). */
export const blockHashesImage = buildBlockHashes;
