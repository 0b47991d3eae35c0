import { buildCore, type CoreImage } from './core.ts';

/** The bytes of the core module. In bundles, this file is replaced with a prebuilt module (scripts/prebuilt.mjs). */
export const coreImage = (): CoreImage => buildCore();
