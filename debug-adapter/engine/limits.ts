/** A second entry point, which lets the VS Code extension validate user input without loading the engine. */
export * from './base/driveRules.ts';
export * from './base/limits.ts';
export * from './base/snapshotNames.ts';
export { parseFileAtAddress, type FileAtAddress, fileAtAddressText } from './base/fileAtAddress.ts';
export { CONSOLE_TEXT_BYTES_MAX } from './target/stopPoints.ts';
