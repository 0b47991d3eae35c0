import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';

/**
 * Writes docs/launch-json.md, the reference for all settings in launch.json and all settings of the extension, from
 * package.json.
 * The descriptions are the ones that VS Code shows. `npm run docs:reference` runs this file; a quick test fails if the
 * reference is out of date.
 */
const ROOT = path.resolve(import.meta.dirname, '../..');
const MANIFEST = path.join(ROOT, 'package.json');
export const REFERENCE = path.join(ROOT, 'docs/launch-json.md');

/** The part of JSON Schema that package.json uses. */
interface Schema {
  type?: string | string[];
  markdownDescription?: string;
  description?: string;
  enum?: unknown[];
  enumDescriptions?: string[];
  markdownEnumDescriptions?: string[];
  anyOf?: Schema[];
  items?: Schema;
  properties?: Record<string, Schema>;
  required?: string[];
  default?: unknown;
  minimum?: number;
  maximum?: number;
  maxItems?: number;
}

/** Returns the reference that is generated from the text of package.json. */
export function launchReference(manifestText: string): string {
  const { contributes } = JSON.parse(manifestText);
  const [debuggerEntry] = contributes.debuggers;
  const settings: Record<string, Schema> = debuggerEntry.configurationAttributes.launch.properties;
  const [record] = debuggerEntry.initialConfigurations;
  const sections = [
    '# launch.json',
    'A configuration of type `blkreplay` describes a machine, its disks and its recording. This reference is generated from the schema that VS Code uses for completion and hovers.',
    fenced('jsonc', JSON.stringify(record, undefined, 2)),
    'To replay a recording, change `"record"` to `"replay"`. All other settings stay the same. Relative paths are resolved against `cwd`, and VS Code replaces variables such as `${workspaceFolder}`.',
    '## All settings',
    tableOf(settings),
    ...Object.entries(settings).flatMap(([name, schema]) => sectionOf(name, schema)),
    ...extensionSettings(contributes.configuration),
  ];
  return `${sections.join('\n\n')}\n`;
}

function sectionOf(name: string, schema: Schema): string[] {
  const members = schema.items?.properties ?? {};
  return [
    `## \`${name}\``,
    descriptionOf(schema),
    factsOf(schema),
    valuesOf(schema),
    ...Object.entries(members).map(([member, memberSchema]) => {
      const isRequired = schema.items?.required?.includes(member);
      return [
        `### \`${member}\` in \`${name}\``,
        descriptionOf(memberSchema),
        `${factsOf(memberSchema)}${isRequired ? ' Required.' : ''}`,
        valuesOf(memberSchema),
      ]
        .filter(Boolean)
        .join('\n\n');
    }),
  ].filter(Boolean);
}

/** The settings of the extension, in the user's or workspace's settings.json. */
function extensionSettings(configuration: unknown): string[] {
  const groups = [configuration ?? []].flat() as { properties?: Record<string, Schema> }[];
  const settings = Object.assign({}, ...groups.map(({ properties }) => properties)) as Record<string, Schema>;
  if (Object.keys(settings).length === 0) return [];
  return [
    '# Settings of the extension',
    'These settings are in the *Settings* editor, or in settings.json. A setting in launch.json takes precedence.',
    ...Object.entries(settings).flatMap(([name, schema]) => sectionOf(name, schema)),
  ];
}

function tableOf(settings: Record<string, Schema>): string {
  const rows = Object.entries(settings).map(
    ([name, schema]) => `| [\`${name}\`](#${name.toLowerCase()}) | ${cell(firstSentence(descriptionOf(schema)))} |`,
  );
  return ['| Setting | Meaning |', '| --- | --- |', ...rows].join('\n');
}

const descriptionOf = (schema: Schema): string => schema.markdownDescription ?? schema.description ?? '';

/** Type, range and default in one line. */
function factsOf(schema: Schema): string {
  const { default: preset, minimum, maximum, maxItems } = schema;
  const range = minimum === undefined || maximum === undefined ? '' : `, ${minimum} to ${maximum}`;
  const count = maxItems === undefined ? '' : `, at most ${maxItems}`;
  const shown = preset === undefined ? '' : ` Default: \`${JSON.stringify(preset)}\`.`;
  return `Type: ${typeOf(schema)}${range}${count}.${shown}`;
}

function typeOf(schema: Schema): string {
  if (schema.type === 'array') return `array of ${plural(schema.items ?? {})}`;
  const types = schema.type === undefined ? (schema.anyOf ?? []).map(typeOf) : [schema.type].flat();
  return [...new Set(types)].join(' or ') || 'any';
}

const plural = (schema: Schema): string =>
  typeOf(schema)
    .split(' or ')
    .map((type) => `${type}s`)
    .join(' or ');

/** The possible values, with their descriptions. */
function valuesOf(schema: Schema): string {
  const choices = [schema, ...(schema.anyOf ?? [])].filter(({ enum: words }) => words && words.length > 1);
  return choices
    .flatMap(({ enum: words = [], enumDescriptions, markdownEnumDescriptions }) =>
      words.map((word, i) => {
        const meaning = (markdownEnumDescriptions ?? enumDescriptions)?.[i];
        return `- \`${JSON.stringify(word)}\`${meaning ? `: ${meaning}` : ''}`;
      }),
    )
    .join('\n');
}

/** The text up to its first full stop or colon; a colon is replaced with a full stop. */
const firstSentence = (text: string): string => /^.*?[.:](?=\s|$)/s.exec(text)?.[0].replace(/:$/, '.') ?? text;

const cell = (text: string): string => text.replaceAll('|', '\\|').replaceAll('\n', ' ');

const fenced = (language: string, text: string): string => `\`\`\`${language}\n${text}\n\`\`\``;

if (import.meta.main) writeFileSync(REFERENCE, launchReference(readFileSync(MANIFEST, 'utf8')));
