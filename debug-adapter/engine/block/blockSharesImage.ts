import { buildBlockShares } from './blockSharesCode.ts';

/** Bundles have ready-made bytes in the place of this file (scripts/readyMade.mjs). */
export const blockSharesImage = buildBlockShares;
