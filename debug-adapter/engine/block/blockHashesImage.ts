import { buildBlockHashes } from './blockHashesCode.ts';

/** Bundles replace this file with the prebuilt bytes (scripts/prebuilt.mjs). */
export const blockHashesImage = buildBlockHashes;
