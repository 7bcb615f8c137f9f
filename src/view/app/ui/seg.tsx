interface SegProps<T extends string> {
  readonly label: string;
  readonly options: readonly (readonly [value: T, text: string])[];
  readonly value: T | undefined;
  onChange(value: T): void;
}

/** Buttons of which one is pressed. */
export function Seg<T extends string>({ label, options, value, onChange }: SegProps<T>) {
  return (
    <fieldset class="seg">
      <legend class="hidden">{label}</legend>
      {options.map(([each, text]) => (
        <button type="button" key={each} aria-pressed={each === value} onClick={() => onChange(each)}>
          {text}
        </button>
      ))}
    </fieldset>
  );
}
