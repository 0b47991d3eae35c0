/** Figures measured during the tests, printed by the command that runs the suite. */
export const measurements: string[] = [];
