import color from 'picocolors';

export function title(text: string): void {
  console.log(`\n${color.bold(text)}`);
}

export function show(line: string): void {
  console.log(`  ${line}`);
}
