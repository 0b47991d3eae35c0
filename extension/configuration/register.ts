import * as vscode from 'vscode';
import { DEBUG_TYPE } from '../sessions.ts';
import { AdapterFactory } from './adapterFactory.ts';
import { ConfigurationProvider, dynamicConfigurations } from './configurationProvider.ts';

/** Registers the providers of launch configurations and the factory that starts the debug adapter. */
export function registerConfigurations(context: vscode.ExtensionContext): vscode.Disposable {
  const { debug, DebugConfigurationProviderTriggerKind: Trigger } = vscode;
  return vscode.Disposable.from(
    debug.registerDebugConfigurationProvider(DEBUG_TYPE, new ConfigurationProvider(), Trigger.Initial),
    debug.registerDebugConfigurationProvider(DEBUG_TYPE, dynamicConfigurations, Trigger.Dynamic),
    debug.registerDebugAdapterDescriptorFactory(DEBUG_TYPE, new AdapterFactory(context)),
  );
}
