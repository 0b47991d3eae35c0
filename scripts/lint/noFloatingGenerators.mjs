import { ESLintUtils } from '@typescript-eslint/utils';

/**
 * Reports a call whose result is a generator that nothing uses: the generator function's body is then never executed.
 * This is how a forgotten `yield*` or `complete` looks (see debug-adapter/engine/base/sliced.ts).
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
