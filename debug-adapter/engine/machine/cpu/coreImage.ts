import { buildCore, type CoreImage } from './core.ts';

/** The core as bytes. Bundles have a ready-made one in the place of this file (scripts/readyMade.mjs). */
export const coreImage = (): CoreImage => buildCore();
