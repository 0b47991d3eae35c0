import { globSync, readFileSync } from 'node:fs';
import path from 'node:path';
import ts from 'typescript';

/** The documents for users, and the code blocks in them. */
export const ROOT = path.resolve(import.meta.dirname, '../..');

/** README.md and the files in docs, relative to the repository. */
export const DOCUMENTS = ['README.md', ...globSync('docs/*.md', { cwd: ROOT }).sort()].map((name) =>
  name.replaceAll('\\', '/'),
);

export const textOf = (document: string): string => readFileSync(path.join(ROOT, document), 'utf8');

export interface CodeBlock {
  document: string;
  /** The line of the opening fence, for messages. */
  line: number;
  /** The info string of the opening fence: `sh`, `sh run`, `jsonc`, `gdb`, ... */
  language: string;
  text: string;
}

export function codeBlocks(document: string): CodeBlock[] {
  const blocks: CodeBlock[] = [];
  let open: CodeBlock | undefined;
  for (const [i, line] of textOf(document).split('\n').entries()) {
    const fence = /^```(.*)$/.exec(line);
    if (!fence) {
      if (open) open.text += `${line}\n`;
    } else if (open) {
      blocks.push(open);
      open = undefined;
    } else {
      open = { document, line: i + 1, language: fence[1].trim(), text: '' };
    }
  }
  return blocks;
}

/** Parses JSON with comments. A block that starts with a setting is parsed as if it were enclosed in braces. */
export function parseJson({ document, line, text }: CodeBlock): Record<string, unknown> {
  const isInside = text.trimStart().startsWith('"');
  const { config, error } = ts.parseConfigFileTextToJson(document, isInside ? `{${text}}` : text);
  if (error) throw new Error(`${document}:${line}: ${ts.flattenDiagnosticMessageText(error.messageText, ' ')}`);
  return config as Record<string, unknown>;
}

/** The sections of a document whose headings have this level, with their titles. */
export function sections(document: string, level: number): { title: string; text: string }[] {
  const [, ...parts] = textOf(document).split(new RegExp(`^#{${level}} `, 'm'));
  return parts.map((part) => ({ title: part.split('\n')[0], text: part.slice(part.indexOf('\n') + 1) }));
}
