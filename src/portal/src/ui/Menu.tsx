import { useEffect, useId, useRef, useState, type KeyboardEvent, type ReactNode } from 'react';
import { Icon, type IconName } from './Icon';
import styles from './Menu.module.css';

export interface MenuItem {
  label: string;
  onSelect: () => void;
  icon?: IconName;
  /** Given for one of several choices: whether it is the one that holds. */
  isChecked?: boolean;
  /** For a name in another language, so that it is spoken in its own. */
  lang?: string;
}

export interface MenuGroup {
  label?: string;
  items: readonly MenuItem[];
}

/** `label` follows the trigger's own text where that is spoken. A button that opens a list of things to do: arrows, Home, End and first letters move in it, Escape leaves it. */
export function Menu({ label, trigger, groups, head }: { label: string; trigger: ReactNode; groups: readonly MenuGroup[]; head?: ReactNode }) {
  const [isOpen, setIsOpen] = useState(false);
  const root = useRef<HTMLDivElement>(null);
  const button = useRef<HTMLButtonElement>(null);
  const id = useId();

  const items = () => [...(root.current?.querySelectorAll<HTMLElement>('[role^="menuitem"]') ?? [])];
  const close = () => {
    setIsOpen(false);
    button.current?.focus();
  };

  useEffect(() => {
    if (!isOpen) {
      return undefined;
    }
    items()[0]?.focus();
    const onOutside = (event: Event) => {
      if (event.target instanceof Node && !root.current?.contains(event.target)) {
        setIsOpen(false);
      }
    };
    document.addEventListener('pointerdown', onOutside);
    document.addEventListener('focusin', onOutside);
    return () => {
      document.removeEventListener('pointerdown', onOutside);
      document.removeEventListener('focusin', onOutside);
    };
  }, [isOpen]);

  const onKeyDown = (event: KeyboardEvent) => {
    const all = items();
    const at = all.findIndex(item => item === document.activeElement);
    const to = {
      ArrowDown: (at + 1) % all.length,
      ArrowUp: (at - 1 + all.length) % all.length,
      Home: 0,
      End: all.length - 1,
    }[event.key] ?? (event.key.length === 1
      ? all.findIndex((item, i) => i > at && item.textContent.trim().toLowerCase().startsWith(event.key.toLowerCase()))
      : -1);
    if (event.key === 'Escape') {
      event.stopPropagation();
      close();
    } else if (event.key === 'Tab') {
      setIsOpen(false);
    } else if (to >= 0) {
      event.preventDefault();
      all[to]?.focus();
    }
  };

  return (
    <div className={styles.root} ref={root}>
      <button ref={button} type="button" className={styles.trigger} aria-haspopup="menu" aria-expanded={isOpen} aria-controls={isOpen ? id : undefined}
        onClick={() => setIsOpen(!isOpen)} onKeyDown={event => {
          if (event.key === 'ArrowDown') {
            event.preventDefault();
            setIsOpen(true);
          }
        }}>
        {trigger}
        <span className="visually-hidden">{label}</span>
      </button>
      {isOpen && (
        <div className={styles.panel}>
          {head}
          <div role="menu" id={id} aria-label={label} onKeyDown={onKeyDown}>
            {groups.map((group, g) => (
              <div key={group.label ?? g} role="group" aria-label={group.label} className={styles.group}>
                {group.label !== undefined && <div className={styles.groupLabel} aria-hidden="true">{group.label}</div>}
                {group.items.map(item => (
                  <button key={item.label} type="button" tabIndex={-1} className={styles.item} lang={item.lang}
                    role={item.isChecked === undefined ? 'menuitem' : 'menuitemradio'} aria-checked={item.isChecked}
                    onClick={() => {
                      close();
                      item.onSelect();
                    }}>
                    <span className={styles.mark}>{item.isChecked ? <Icon name="check" size={16} /> : item.icon && <Icon name={item.icon} size={16} />}</span>
                    {item.label}
                  </button>
                ))}
              </div>
            ))}
          </div>
        </div>
      )}
    </div>
  );
}
