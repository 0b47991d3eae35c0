/**
 * What the editor adds to a launch configuration before its variables are filled in: the folder at which relative paths
 * start, and the console as a terminal, which then opens in place of the Debug Console.
 */
export function withDefaults<T extends object>(given: T, folder: string | undefined): T {
  const settings = { console: 'terminal', ...(folder === undefined ? {} : { cwd: folder }), ...given };
  return settings.console === 'terminal' ? { internalConsoleOptions: 'neverOpen', ...settings } : settings;
}
