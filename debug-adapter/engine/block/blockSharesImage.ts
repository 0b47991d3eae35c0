import { buildBlockShares } from './blockSharesCode.ts';

/** Bundles replace this file with the prebuilt bytes (scripts/readyMade.mjs). */
export const blockSharesImage = buildBlockShares;
