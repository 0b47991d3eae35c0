/**
 * Parts of a word whose value is not known, such as a variable that another file assigns. They stay marked until the
 * word becomes a setting, where the user sees them as `<NAME>`. The marks are Unicode private-use characters, which
 * `withoutMarks` removes from the input.
 */
const START = '\ue000';
const END = '\ue001';
const PART = /\ue000([^\ue001]*)\ue001/g;

export const unknownPart = (name: string): string => START + name + END;

/** The names of the unknown parts, each once. */
export const unknownNames = (word: string): string[] => [...new Set([...word.matchAll(PART)].map(([, name]) => name))];

/** The name of the unknown part if the word has no other text. */
export const onlyUnknown = (word: string): string | undefined =>
  word.startsWith(START) && word.indexOf(END) === word.length - 1 ? word.slice(1, -1) : undefined;

export const withoutUnknown = (word: string): string => word.replaceAll(PART, '');

/**
 * The word as the user sees it. References that start with `${` are shown in the same form as unknown parts, because VS
 * Code would replace `${env:NAME}` and run `${command:NAME}` in launch.json.
 */
export const shownWord = (word: string): string => word.replaceAll(PART, '<$1>').replaceAll(/\$\{([^}]*)\}?/g, '<$1>');

/** Replaces marks and NUL characters in the input with spaces. No file name contains NUL. */
export const withoutMarks = (text: string): string => text.replaceAll(/[\ue000\ue001\0]/g, ' ');
