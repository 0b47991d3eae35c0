import {
  imported,
  importDetails,
  importedWithDifferences,
  importedWithOneDifference,
} from '../../debug-adapter/messages/qemuImport.ts';
import type { Difference } from './draft.ts';

/** The maximum number of options in the notice. The details list all of them. */
const OPTIONS_SHOWN_MAX = 6;

/** What the notice says after an import. */
export function noticeText(configuration: string, differences: readonly Difference[]): string {
  const [first] = differences;
  if (!first) return imported(configuration);
  if (differences.length === 1) return importedWithOneDifference({ configuration, ...first });
  const options = [...new Set(differences.map(({ option }) => shortOption(option)))];
  const shown = options.length > OPTIONS_SHOWN_MAX ? [...options.slice(0, OPTIONS_SHOWN_MAX), '…'] : options;
  return importedWithDifferences({ configuration, count: differences.length, options: shown });
}

/** The text of the document that lists all differences. Options with the same difference are listed together. */
export function detailsText(configuration: string, command: string, differences: readonly Difference[]): string {
  const byDifference = new Map<string, string[]>();
  for (const { option, difference } of differences)
    byDifference.set(difference, [...(byDifference.get(difference) ?? []), option]);
  return importDetails({
    ...{ configuration, command },
    differences: [...byDifference].map(([difference, options]) => ({ options, difference })),
  });
}

/** The option without its values; the kind of a device is part of its name. */
function shortOption(option: string): string {
  const [name, value] = option.split(' ');
  return value !== undefined && /^--?(device|object|global)$/.test(name) ? `${name} ${value.split(',')[0]}` : name;
}
