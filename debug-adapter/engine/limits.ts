/** A second front door, for who checks what a user wrote and must not load the engine for that: VS Code's extension. */
export * from './base/limits.ts';
