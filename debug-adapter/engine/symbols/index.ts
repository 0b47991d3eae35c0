/** The front door of the room: what a session uses to turn addresses into source, and variables into text. */
export { openSymbols } from './openSymbols.ts';
export { elfOfImage } from './kallsyms/imageElf.ts';
export type * from './symbols.ts';
export type { Frame, FrameView, UnwindResult } from './unwinding/frame.ts';
export type * from './types/type.ts';
export { typeName } from './types/typeName.ts';
export type { Lvalue, Value, ValueLocation } from './values/value.ts';
