/** A second entry point, for validating user input without loading the engine: used by VS Code's extension. */
export * from './base/limits.ts';
export { parsePlacedFile, type PlacedFile, placedFileText } from './base/placedFile.ts';
