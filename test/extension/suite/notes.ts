/** Figures that are measured on the way, printed by the command that runs the suite. */
export const notes: string[] = [];
