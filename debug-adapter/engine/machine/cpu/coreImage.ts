import { buildCore, type CoreImage } from './core.ts';

/** The core module as bytes. Bundles replace this file by a prebuilt module (scripts/prebuilt.mjs). */
export const coreImage = (): CoreImage => buildCore();
