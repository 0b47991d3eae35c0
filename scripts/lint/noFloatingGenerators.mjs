import { ESLintUtils } from '@typescript-eslint/utils';

/**
 * Reports a call whose result is a generator that is not used: the body of such a generator is never executed.
 * Usually, a `yield*` or `complete` has been forgotten (see debug-adapter/engine/base/sliced.ts).
 */
export const noFloatingGenerators = {
  meta: {
    type: 'problem',
    schema: [],
    messages: { floating: 'The body of this generator is never executed: use yield* or complete().' },
  },
  create(context) {
    const services = ESLintUtils.getParserServices(context);
    return {
      'ExpressionStatement > CallExpression'(node) {
        if (services.getTypeAtLocation(node).symbol?.name === 'Generator') {
          context.report({ node, messageId: 'floating' });
        }
      },
    };
  },
};
