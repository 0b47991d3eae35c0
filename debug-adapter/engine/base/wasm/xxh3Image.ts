import { buildXxh3 } from './xxh3Code.ts';

/** Bundles have ready-made bytes in the place of this file (scripts/readyMade.mjs). */
export const xxh3Image = buildXxh3;
