import { quoted, shown } from './shown.ts';
import { notice } from './userError.ts';

/**
 * Messages about natvis files (which describe how values of a type are shown), and strings that appear in such values.
 */

const xmlParts: Readonly<Record<string, string | undefined>> = {
  name: 'a name',
  value: 'a value in quotation marks',
};

/** What is wrong in a natvis file. Each string follows the name of the file and the line number. */
export const formatterFileTexts = {
  missing: (what: string) => `The file is not well-formed XML: expected ${xmlParts[what] ?? quoted(what)} here.`,
  mismatch: (end: string, start: string) =>
    `The file is not well-formed XML: the end tag ${quoted(end)} does not match the start tag ${quoted(start)}.`,
  badEntity: (text: string) => `The file is not well-formed XML: ${quoted(text)} is not a known entity.`,
  noElement: () => 'The file contains no XML elements.',
  textOutside: () => 'The file is not well-formed XML: it must consist of a single root element.',
  tooDeep: (max: number) => `Elements are nested more than ${max} levels deep.`,
  notNatvis: (name: string) => `The root element is ${quoted(name)}; expected "AutoVisualizer".`,
  missingAttribute: (element: string, attribute: string) => `${quoted(element)} has no attribute ${quoted(attribute)}.`,
  missingElement: (element: string, child: string) => `${quoted(element)} contains no ${quoted(child)}.`,
  notSupported: (element: string) => `${quoted(element)} is not supported and is ignored.`,
  unclosedExpression: (text: string) => `A "}" is missing in ${quoted(text)}.`,
};

/** A mistake in a natvis file. */
export const formatterFileIsWrong = (file: string, line: number, mistake: string) =>
  notice('formatter-mistake', { file, line }, `${shown(file)}, line ${line}: ${mistake}`);

/** The strings that a formatted value can contain in addition to the guest's data. */
export const formatterTexts = {
  rawView: () => '[Raw View]',
  more: () => '[More]',
  moreText: (shownCount: number) => `only the first ${shownCount} elements are shown`,
  failed: (message: string) => `<${message}>`,
};
