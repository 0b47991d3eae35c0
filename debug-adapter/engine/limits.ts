/** A second front door, for who checks what a user wrote and must not load the engine for that: VS Code's extension. */
export * from './base/limits.ts';
export { parsePlacedFile, PLACED_FILE_FORM, type PlacedFile, placedFileText } from './base/placedFile.ts';
