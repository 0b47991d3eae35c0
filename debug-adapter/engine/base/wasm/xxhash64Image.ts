import { buildXxhash64 } from './xxhash64Code.ts';

/** In bundles, this file is replaced with the prebuilt bytes (scripts/prebuilt.mjs). */
export const xxhash64Image = buildXxhash64;
