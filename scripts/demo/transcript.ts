import { readFileSync } from 'node:fs';
import path from 'node:path';

/**
 * Prints a sentence of the demo's transcript. In the transcript, `->` marks the client's requests and `<-` the
 * adapter's responses.
 */
export const say = (sentence: string): void => console.log(`\n${sentence}`);
export const sent = (what: string): void => console.log(`-> ${what}`);
export const received = (what: string): void => console.log(`<- ${what}`);
export const detail = (text: string): void => console.log(`   ${text}`);

/** Prints the part of a source file around a given line, and marks that line with an arrow. */
export function showSource(file: string, line: number, linesAround: number): void {
  const lines = readFileSync(file, 'utf8').split('\n');
  for (let number = line - linesAround; number <= line + linesAround; number++) {
    const text = lines[number - 1];
    if (text === undefined) continue;
    detail(`${number === line ? '=>' : '  '} ${String(number).padStart(3)}  ${text}`.trimEnd());
  }
}

export const sourceLine = (file: string, line: number): string =>
  readFileSync(file, 'utf8').split('\n')[line - 1].trim();

/** A path relative to the current folder. */
export const shortPath = (file: string): string => path.relative(process.cwd(), file);
