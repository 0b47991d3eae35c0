import { existsSync } from 'node:fs';
import * as path from 'node:path';
import * as vscode from 'vscode';
import { type LaunchConfiguration, parseLaunch } from '../../debug-adapter/dap/launchConfiguration.ts';
import { chooseKernel, noKernelFound } from '../../debug-adapter/messages/extension.ts';
import { DEBUG_TYPE } from '../sessions.ts';
import { askOverwrite } from './askOverwrite.ts';
import { type Preferences, PREFERENCES, withDefaults } from './defaults.ts';
import { findPrograms } from './findPrograms.ts';
import { missingFiles, type Problem, refusedSetting } from './launchChecks.ts';
import { offerBuildTask } from './offerBuildTask.ts';
import { offerLaterRecording } from './laterRecording.ts';
import { showProblem } from './showProblem.ts';
import { type Configuration, recordAndReplay, recordEach } from './templates.ts';
import { workspaceVisualizers } from './workspaceVisualizers.ts';

type ResolvedConfiguration = vscode.ProviderResult<vscode.DebugConfiguration>;

/**
 * Resolves a launch configuration after the user has pressed F5 and before the adapter starts: creates one if there is
 * none, adds the editor's defaults, checks the settings and files while launch.json can still be shown, and asks what
 * to do with an earlier recording. If the result is undefined, nothing is started; if it is null, the editor opens
 * launch.json.
 */
export class ConfigurationProvider implements vscode.DebugConfigurationProvider {
  /** Provides the configurations for a new launch.json. */
  async provideDebugConfigurations(folder: vscode.WorkspaceFolder | undefined): Promise<vscode.DebugConfiguration[]> {
    const found = folder ? await findPrograms(folder) : { kernels: [], disks: [] };
    const [record, replay] = recordAndReplay(path, folder?.uri.fsPath ?? '', found);
    const preLaunchTask = folder && (await offerBuildTask(folder));
    return [preLaunchTask === undefined ? record : { ...record, preLaunchTask }, replay];
  }

  resolveDebugConfiguration(
    folder: vscode.WorkspaceFolder | undefined,
    given: vscode.DebugConfiguration,
  ): ResolvedConfiguration {
    const workspaceFolder = folder ?? vscode.workspace.workspaceFolders?.[0];
    const isEmpty = !given.type && !given.request && !given.name;
    return isEmpty ? configurationWithoutFile(workspaceFolder) : addDefaults(given, workspaceFolder);
  }

  async resolveDebugConfigurationWithSubstitutedVariables(
    folder: vscode.WorkspaceFolder | undefined,
    given: vscode.DebugConfiguration,
  ): Promise<vscode.DebugConfiguration | undefined> {
    const checked = check(given);
    if ('problem' in checked) return void showProblem(folder, given.name, checked.problem);
    offerLaterRecording(folder, given, checked.launch);
    return askOverwrite(folder, withVisualizers(given), checked.launch);
  }
}

function withVisualizers(given: vscode.DebugConfiguration): vscode.DebugConfiguration {
  const { isTrusted, workspaceFolders = [] } = vscode.workspace;
  const folders = workspaceFolders.map(({ uri }) => uri.fsPath);
  return { ...given, workspaceVisualizerFiles: workspaceVisualizers(folders, isTrusted) };
}

/**
 * The configurations that the editor offers in addition to the contents of launch.json. For each kernel in the folder,
 * there is one configuration, which records a run of that kernel.
 */
export const dynamicConfigurations: vscode.DebugConfigurationProvider = {
  async provideDebugConfigurations(folder) {
    return folder ? recordEach(path, folder.uri.fsPath, await findPrograms(folder)) : [];
  },
};

function addDefaults(
  given: vscode.DebugConfiguration,
  folder: vscode.WorkspaceFolder | undefined,
): vscode.DebugConfiguration {
  const settings = vscode.workspace.getConfiguration(DEBUG_TYPE, folder);
  const preferences: Preferences = Object.fromEntries(PREFERENCES.map((name) => [name, settings.get(name)]));
  return withDefaults(given, folder?.uri.fsPath, preferences);
}

function check(given: vscode.DebugConfiguration): { launch: LaunchConfiguration } | { problem: Problem } {
  try {
    const launch = parseLaunch(given, path.resolve);
    const problem = missingFiles(launch, existsSync);
    return problem ? { problem } : { launch };
  } catch (error) {
    return { problem: refusedSetting(error) };
  }
}

async function configurationWithoutFile(
  folder: vscode.WorkspaceFolder | undefined,
): Promise<vscode.DebugConfiguration | null | undefined> {
  const offered = folder ? recordEach(path, folder.uri.fsPath, await findPrograms(folder)) : [];
  if (offered.length === 0) {
    void vscode.window.showInformationMessage(noKernelFound());
    // Opens launch.json with the templates.
    return folder ? null : undefined;
  }
  const chosen = await choose(offered);
  return chosen && addDefaults(chosen, folder);
}

async function choose(offered: Configuration[]): Promise<Configuration | undefined> {
  if (offered.length === 1) return offered[0];
  const items = offered.map((configuration) => ({
    label: configuration.name,
    description: String(configuration.kernel).replace('${workspaceFolder}/', ''),
    configuration,
  }));
  return (await vscode.window.showQuickPick(items, { title: DEBUG_TYPE, placeHolder: chooseKernel() }))?.configuration;
}
