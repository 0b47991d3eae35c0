/** Error messages, by subject. All other strings are imported directly from their files. */
export * from './block.ts';
export * from './boot.ts';
export * from './cli.ts';
export * from './dap.ts';
export * from './drives.ts';
export * from './gdb.ts';
export * from './host.ts';
export * from './outOfMemory.ts';
export * from './overlays.ts';
export * from './recording.ts';
export * from './session.ts';
export * from './snapshots.ts';
export * from './userError.ts';
