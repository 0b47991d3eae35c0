import { formatterFileTexts } from '../../../messages/formatters.ts';
import { typePattern } from './typePattern.ts';
import type { Conditional, DisplayPart, ExpandItem, Visualizer } from './visualizer.ts';
import { type Element, FileMistake, parseXml } from './xml.ts';

/**
 * Reads a natvis file, the format in which Visual Studio and the C/C++ extension describe how values are shown
 * (Microsoft, "Create custom views of C++ objects"). Elements that are not supported are ignored; `notice` is called
 * for each. Throws a FileMistake.
 */
export function parseNatvis(text: string, notice: (line: number, sentence: string) => void): Visualizer[] {
  const root = parseXml(text);
  if (root.name !== 'AutoVisualizer') throw new FileMistake(root.line, formatterFileTexts.notNatvis(root.name));
  const visualizers: Visualizer[] = [];
  const ignore = (element: Element): void => notice(element.line, formatterFileTexts.notSupported(element.name));
  for (const element of root.children) {
    if (element.name === 'Type') visualizers.push(readType(element, ignore));
    else ignore(element);
  }
  return visualizers;
}

type Ignore = (element: Element) => void;

function readType(element: Element, ignore: Ignore): Visualizer {
  const visualizer: Visualizer = {
    patterns: [typePattern(attribute(element, 'Name'))],
    isInheritable: element.attributes.Inheritable !== 'false',
    priority: PRIORITIES[element.attributes.Priority ?? ''] ?? PRIORITIES.Medium,
    displays: [],
    expand: undefined,
  };
  for (const child of element.children) {
    if (child.name === 'AlternativeType') visualizer.patterns.push(typePattern(attribute(child, 'Name')));
    else if (child.name === 'DisplayString') {
      visualizer.displays.push({ ...casesOf(child), value: parseDisplay(child) });
    } else if (child.name === 'Expand') {
      const items = child.children.flatMap((item): ExpandItem[] => {
        const read = readItem(item, ignore);
        return read ? [{ ...read, ...casesOf(item) }] : [];
      });
      visualizer.expand = { items, hidesRawView: child.attributes.HideRawView === 'true' };
    } else if (child.name !== 'StringView') ignore(child);
  }
  return visualizer;
}

function readItem(element: Element, ignore: Ignore): ExpandItem | undefined {
  const condition = undefined;
  const all = (name: string): Conditional<string>[] =>
    element.children
      .filter((child) => child.name === name)
      .map((child) => ({ ...casesOf(child), value: expressionIn(child) }));
  const required = (name: string): Conditional<string>[] => {
    const found = all(name);
    if (found.length === 0) throw new FileMistake(element.line, formatterFileTexts.missingElement(element.name, name));
    return found;
  };
  const one = (name: string): string => required(name)[0].value;
  switch (element.name) {
    case 'Item':
      return { kind: 'item', condition, name: attribute(element, 'Name'), expression: expressionIn(element) };
    case 'ExpandedItem':
      return { kind: 'expanded', condition, expression: expressionIn(element) };
    case 'ArrayItems':
      return { kind: 'array', condition, sizes: required('Size'), pointers: required('ValuePointer') };
    case 'IndexListItems':
      return { kind: 'indexed', condition, sizes: required('Size'), nodes: required('ValueNode') };
    case 'LinkedListItems':
      return {
        ...{ kind: 'list', condition, sizes: all('Size'), head: one('HeadPointer') },
        ...{ next: one('NextPointer'), node: one('ValueNode') },
      };
    case 'TreeItems':
      return {
        ...{ kind: 'tree', condition, sizes: all('Size'), head: one('HeadPointer') },
        ...{ left: one('LeftPointer'), right: one('RightPointer'), node: one('ValueNode') },
      };
    default:
      ignore(element);
      return undefined;
  }
}

/** Splits text such as `{{ size={_M_size} }}` into text and expressions. */
function parseDisplay(element: Element): DisplayPart[] {
  const source = element.text.trim();
  const parts: DisplayPart[] = [];
  let text = '';
  for (let i = 0; i < source.length; i++) {
    const char = source[i];
    if ((char === '{' || char === '}') && source[i + 1] === char) {
      text += char;
      i++;
    } else if (char === '{') {
      const end = source.indexOf('}', i);
      if (end < 0) throw new FileMistake(element.line, formatterFileTexts.unclosedExpression(source));
      if (text !== '') parts.push({ kind: 'text', text });
      text = '';
      parts.push({ kind: 'expression', expression: source.slice(i + 1, end).trim() });
      i = end;
    } else text += char;
  }
  return text === '' ? parts : [...parts, { kind: 'text', text }];
}

const casesOf = ({ attributes }: Element): { condition: string | undefined; isOptional: boolean } => ({
  condition: attributes.Condition,
  isOptional: attributes.Optional === 'true',
});

function expressionIn(element: Element): string {
  const text = element.text.trim();
  if (text === '') throw new FileMistake(element.line, formatterFileTexts.missingElement(element.name, 'expression'));
  return text;
}

function attribute(element: Element, name: string): string {
  const value = element.attributes[name];
  if (!value) throw new FileMistake(element.line, formatterFileTexts.missingAttribute(element.name, name));
  return value;
}

const PRIORITIES: Record<string, number> = { Low: 0, MediumLow: 1, Medium: 2, MediumHigh: 3, High: 4 };
