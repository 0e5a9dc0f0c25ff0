import type { Context } from 'hono';
import { routes } from './api.ts';
import { RequestRefused } from './problems.ts';

/** Answers for what is no route: 405 with the methods that the path has, or 404. */
export function refuseUnknown(context: Context): never {
  const { method, path } = context.req;
  const methods = methodsOf(path);
  if (methods.length > 0) {
    context.header('Allow', methods.join(', '));
    throw new RequestRefused(405, `${path} does not take ${method}, only ${methods.join(' and ')}`, {
      code: 'wrong-method',
    });
  }
  throw new RequestRefused(404, `There is no ${method} ${path}`, {
    code: 'unknown-route',
    hint: 'GET /openapi.json lists what there is.',
  });
}

function methodsOf(path: string): readonly string[] {
  return Object.values(routes)
    .filter((route) => patternOf(route.path).test(path))
    .map((route) => route.method.toUpperCase())
    .sort();
}

/** Paths hold only letters, digits, `/`, `.`, `-` and `{name}`. */
function patternOf(path: string): RegExp {
  return new RegExp(`^${path.replaceAll('.', '\\.').replaceAll(/\{\w+\}/g, '[^/]+')}$`);
}
