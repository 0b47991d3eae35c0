import { rangesOfConfigurations } from '../configuration/settingRange.ts';

/** Text to insert into a document at an offset. */
export interface Insertion {
  offset: number;
  text: string;
}

/**
 * The insertions that add a configuration at the end of launch.json. Everything else stays as it is: comments, commas
 * and indentation. Undefined if the text is not a launch.json with matching brackets.
 */
export function addConfiguration(text: string, configuration: object): Insertion[] | undefined {
  const found = rangesOfConfigurations(text);
  if (!found) return undefined;
  const { list, root } = found;
  const indent = /^([ \t]+)\S/m.exec(text)?.[1] ?? '    ';
  const itemText = (depth: number) =>
    `\n${indented(JSON.stringify(configuration, null, indent), indent.repeat(depth))}`;
  if (list === undefined) {
    const member = `\n${indent}"configurations": [${itemText(2)}\n${indent}]`;
    return isClosed(text, root.end, '}')
      ? [{ offset: root.start + 1, text: member + (root.isEmpty ? '\n' : ',') }]
      : undefined;
  }
  if (!isClosed(text, list.end, ']')) return undefined;
  const last = list.items.at(-1);
  if (!last) return [{ offset: list.start + 1, text: `${itemText(2)}\n${indent}` }];
  const after = afterItem(text, last.end);
  if (after.hasComma) return [{ offset: after.end, text: `${itemText(2)},` }];
  return [
    { offset: last.end, text: ',' },
    { offset: after.end, text: itemText(2) },
  ];
}

/** The content of a new launch.json. */
export const newLaunchFile = (configuration: object): string =>
  `${JSON.stringify({ version: '0.2.0', configurations: [configuration] }, null, 4)}\n`;

/** The text with the insertions. */
export function withInsertions(text: string, insertions: readonly Insertion[]): string {
  const fromEnd = [...insertions].reverse();
  return fromEnd.reduce(
    (result, { offset, text: added }) => result.slice(0, offset) + added + result.slice(offset),
    text,
  );
}

const isClosed = (text: string, end: number, bracket: string): boolean => text[end - 1] === bracket;

const indented = (text: string, by: string): string => text.replaceAll(/^/gm, by);

/** What follows the last item: a comma, and a comment on the same line, which stays with the item. */
function afterItem(text: string, end: number): { hasComma: boolean; end: number } {
  const [spaceAndComments] = /^(?:\s|\/\/[^\n]*|\/\*[^]*?\*\/)*/.exec(text.slice(end))!;
  const comma = end + spaceAndComments.length;
  const hasComma = text[comma] === ',';
  const from = hasComma ? comma + 1 : end;
  const [sameLine] = /^(?:[ \t]|\/\*[^\n]*?\*\/)*(?:\/\/[^\r\n]*)?/.exec(text.slice(from))!;
  return { hasComma, end: from + sameLine.trimEnd().length };
}
