/**
 * Adds defaults to a launch configuration before the editor substitutes its variables: the base folder for relative
 * paths, and a terminal for the guest's console. The terminal then opens instead of the Debug Console.
 */
export function withDefaults<T extends object>(given: T, folder: string | undefined): T {
  const settings = { console: 'terminal', ...(folder === undefined ? {} : { cwd: folder }), ...given };
  return settings.console === 'terminal' ? { internalConsoleOptions: 'neverOpen', ...settings } : settings;
}
