/** The public interface of this folder: sessions use it to map addresses to source and to format variables. */
export { openSymbols } from './openSymbols.ts';
export type { CompanionFile, CompanionRequest, FindCompanion } from './companions.ts';
export { crc32 } from './elf/crc32.ts';
export { createSymbolIndex } from './names/symbolIndex.ts';
export { type FileBytes, fileOnDemand } from './elf/fileBytes.ts';
export { elfFromCode, elfFromImage, IMAGE_SECTION } from './kallsyms/imageElf.ts';
export { type CodeGroup, groupByCode, type SymbolFile } from './codeGroup.ts';
export { InvalidExpression } from './expressions/invalidExpression.ts';
export { type ExpressionSymbols, NO_SYMBOLS } from './noSymbols.ts';
export { baseName, isAbsolutePath } from './lines/paths.ts';
export type * from './symbols.ts';
export type { Frame, FrameView, UnwindResult } from './unwinding/frame.ts';
export type * from './types/type.ts';
export { typeName } from './types/typeName.ts';
export type { Lvalue, Value, ValueLocation } from './values/value.ts';
export { parseNatvis } from './formatters/natvis.ts';
export { FileMistake as FormatterMistake } from './formatters/xml.ts';
export type { Visualizer } from './formatters/visualizer.ts';
