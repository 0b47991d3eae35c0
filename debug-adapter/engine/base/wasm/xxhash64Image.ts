import { buildXxhash64 } from './xxhash64Code.ts';

/** Bundles replace this file with the prebuilt bytes (scripts/prebuilt.mjs). */
export const xxhash64Image = buildXxhash64;
