import { buildXxh3 } from './xxh3Code.ts';

/** Bundles replace this file with the prebuilt bytes (scripts/prebuilt.mjs). */
export const xxh3Image = buildXxh3;
