import { buildXxhash64 } from './xxhash64Code.ts';

/** Bundles have ready-made bytes in the place of this file (scripts/readyMade.mjs). */
export const xxhash64Image = buildXxhash64;
