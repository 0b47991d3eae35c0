/** The defaults that a user can set for all launch configurations. Each is undefined if the editor has no value. */
export interface Preferences {
  overwrite?: string;
  console?: string;
  snapshotMemory?: string;
  snapshotSpace?: string;
  symbolCache?: boolean;
}

/** The names of the preferences. Each is a setting both of the editor (`blkreplay.console`) and of launch.json. */
export const PREFERENCES = ['overwrite', 'console', 'snapshotMemory', 'snapshotSpace', 'symbolCache'] as const;

/**
 * Adds defaults (the base folder for relative paths, and the user's preferences) to a launch configuration before the
 * editor substitutes variables in it. If the guest's console is a terminal, the terminal opens instead of the Debug
 * Console. Settings in the configuration take precedence.
 */
export function withDefaults<T extends object>(given: T, folder: string | undefined, preferences: Preferences = {}): T {
  const { console = 'terminal', ...others } = preferences;
  const settings = { console, ...others, ...(folder === undefined ? {} : { cwd: folder }), ...given };
  return settings.console === 'terminal' ? { internalConsoleOptions: 'neverOpen', ...settings } : settings;
}
