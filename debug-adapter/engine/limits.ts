/** A second entry point, for validating user input without loading the engine: used by VS Code's extension. */
export * from './base/limits.ts';
export { parseFileAtAddress, type FileAtAddress, fileAtAddressText } from './base/fileAtAddress.ts';
