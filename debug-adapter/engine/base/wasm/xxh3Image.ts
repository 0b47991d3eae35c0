import { buildXxh3 } from './xxh3Code.ts';

/** In bundles, this file is replaced with the prebuilt bytes (scripts/prebuilt.mjs). */
export const xxh3Image = buildXxh3;
