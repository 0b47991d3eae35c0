/** A second entry point, for validating user input without loading the engine: used by VS Code's extension. */
export * from './base/limits.ts';
export { parsePlacedFile, PLACED_FILE_FORM, type PlacedFile, placedFileText } from './base/placedFile.ts';
