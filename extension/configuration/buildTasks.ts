/** A task in tasks.json. */
export interface BuildTask {
  label: string;
  type: 'shell';
  command: string;
  [property: string]: unknown;
}

const BUILD = 'build';
const group = { kind: 'build', isDefault: true };

/** The files that show how a folder is built, each with the tasks that build it. The last task is the one to run. */
const BUILD_SYSTEMS: readonly { marker: RegExp; tasks: readonly BuildTask[] }[] = [
  {
    marker: /^(GNUm|M|m)akefile$/,
    tasks: [{ label: BUILD, type: 'shell', command: 'make', group, problemMatcher: ['$gcc'] }],
  },
  {
    marker: /^Cargo\.toml$/,
    tasks: [{ label: BUILD, type: 'shell', command: 'cargo build', group, problemMatcher: [] }],
  },
  {
    marker: /^CMakeLists\.txt$/,
    tasks: [
      { label: 'configure', type: 'shell', command: 'cmake -S . -B build', problemMatcher: [] },
      {
        ...{ label: BUILD, type: 'shell', command: 'cmake --build build', dependsOn: ['configure'] },
        ...{ group, problemMatcher: ['$gcc'] },
      },
    ],
  },
];

/** The tasks that build a folder with these files; empty if blkreplay does not know how it is built. */
export function buildTasksFor(files: readonly string[]): readonly BuildTask[] {
  return BUILD_SYSTEMS.find(({ marker }) => files.some((file) => marker.test(file)))?.tasks ?? [];
}

/**
 * The label of the task in tasks.json that builds the folder: the default build task, or the first build task. Undefined
 * if there is none.
 */
export function existingBuildTask(tasks: unknown): string | undefined {
  const all = (Array.isArray(tasks) ? tasks : []) as { label?: unknown; group?: unknown }[];
  const kindOf = (one: unknown) => (typeof one === 'string' ? one : (one as { kind?: unknown } | undefined)?.kind);
  const isDefault = (one: unknown) => (one as { isDefault?: unknown } | undefined)?.isDefault === true;
  const builds = all.filter((task) => typeof task?.label === 'string' && kindOf(task.group) === 'build');
  const chosen = builds.find((task) => isDefault(task.group)) ?? builds[0];
  return chosen?.label as string | undefined;
}

/** The text of a new tasks.json. */
export const tasksJson = (tasks: readonly BuildTask[]): string =>
  JSON.stringify({ version: '2.0.0', tasks }, null, 2) + '\n';
