import { useId, type ComponentProps, type ReactNode } from 'react';
import styles from './Field.module.css';
import { Icon } from './Icon';

interface FieldTexts {
  label: string;
  hint?: string;
  error?: string | undefined;
}

function Frame({ label, hint, error, id, children }: FieldTexts & { id: string; children: ReactNode }) {
  return (
    <div className={styles.field}>
      <label className={styles.label} htmlFor={id}>{label}</label>
      {children}
      {hint !== undefined && <p id={`${id}-hint`} className={styles.hint}>{hint}</p>}
      {error !== undefined && <p id={`${id}-error`} className={styles.error}><Icon name="error" size={15} />{error}</p>}
    </div>
  );
}

const describedBy = (id: string, { hint, error }: FieldTexts) =>
  [hint === undefined ? '' : `${id}-hint`, error === undefined ? '' : `${id}-error`].filter(Boolean).join(' ') || undefined;

/** A labelled line of text, with what is wrong in it. */
export function TextField({ label, hint, error, ...input }: FieldTexts & Omit<ComponentProps<'input'>, 'className' | 'id'>) {
  const id = useId();
  const texts = { label, ...(hint !== undefined && { hint }), error };
  return (
    <Frame {...texts} id={id}>
      <input {...input} id={id} className={styles.input} aria-invalid={error !== undefined || undefined} aria-describedby={describedBy(id, texts)} />
    </Frame>
  );
}

export function SelectField({ label, hint, error, children, ...select }: FieldTexts & Omit<ComponentProps<'select'>, 'className' | 'id'>) {
  const id = useId();
  const texts = { label, ...(hint !== undefined && { hint }), error };
  return (
    <Frame {...texts} id={id}>
      <select {...select} id={id} className={styles.input} aria-describedby={describedBy(id, texts)}>{children}</select>
    </Frame>
  );
}

/** A claim that holds or not. */
export function CheckField({ label, ...input }: { label: string } & Omit<ComponentProps<'input'>, 'className' | 'type'>) {
  return <label className={styles.check}><input {...input} type="checkbox" /><span>{label}</span></label>;
}

/** A search box without a visible label: the magnifying glass and the placeholder say it, the label says it aloud. */
export function SearchField({ label, ...input }: { label: string } & Omit<ComponentProps<'input'>, 'className' | 'id' | 'type'>) {
  const id = useId();
  return (
    <div className={styles.search}>
      <Icon name="search" size={17} />
      <label className="visually-hidden" htmlFor={id}>{label}</label>
      <input placeholder={label} {...input} id={id} type="search" className={styles.input} />
    </div>
  );
}
