import { buildCore, type CoreImage } from './core.ts';

/** The bytes of the core module. Bundles replace this file with a prebuilt module (scripts/prebuilt.mjs). */
export const coreImage = (): CoreImage => buildCore();
