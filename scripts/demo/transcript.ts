import { readFileSync } from 'node:fs';
import path from 'node:path';

/** How the demo tells its story: sentences, `->` what the client asks, `<-` what the adapter answers. */
export const say = (sentence: string): void => console.log(`\n${sentence}`);
export const sent = (what: string): void => console.log(`-> ${what}`);
export const received = (what: string): void => console.log(`<- ${what}`);
export const detail = (text: string): void => console.log(`   ${text}`);

/** Lines of a source file around one, which gets an arrow. */
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

/** As a person in the project's folder would write it. */
export const shortPath = (file: string): string => path.relative(process.cwd(), file);
