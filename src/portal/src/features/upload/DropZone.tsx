import { useEffect, useRef, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { useFormat } from '@/lib/format';
import { fromDrop, fromHandles, fromList, type Dropped } from '@/lib/upload/files';
import { Button, Icon } from '@/ui';
import type { Looking } from './transfer';
import styles from './Upload.module.css';

interface DropZoneProps {
  looking: Looking;
  isCompact: boolean;
  onDrop: (what: Dropped | Promise<Dropped>) => void;
  onCancel: () => void;
}

type FolderPicker = (options: { mode: 'read'; id: string }) => Promise<FileSystemDirectoryHandle>;

const folderPicker = () => (window as Window & { showDirectoryPicker?: FolderPicker }).showDirectoryPicker;

/** The whole page takes what is dropped; the buttons do the same for who can't drag. */
export function DropZone({ looking, isCompact, onDrop, onCancel }: DropZoneProps) {
  const { t } = useTranslation('upload');
  const format = useFormat();
  const [isOver, setIsOver] = useState(false);
  const folder = useRef<HTMLInputElement>(null);
  const files = useRef<HTMLInputElement>(null);

  useEffect(() => {
    const over = (event: DragEvent) => {
      if (event.dataTransfer?.types.includes('Files')) {
        event.preventDefault();
        event.dataTransfer.dropEffect = 'copy';
        setIsOver(true);
      }
    };
    const leave = (event: DragEvent) => event.relatedTarget === null && setIsOver(false);
    const drop = (event: DragEvent) => {
      setIsOver(false);
      if (event.dataTransfer?.types.includes('Files')) {
        event.preventDefault();
        onDrop(fromDrop(event.dataTransfer));
      }
    };
    document.addEventListener('dragover', over);
    document.addEventListener('dragleave', leave);
    document.addEventListener('drop', drop);
    return () => {
      document.removeEventListener('dragover', over);
      document.removeEventListener('dragleave', leave);
      document.removeEventListener('drop', drop);
    };
  }, [onDrop]);

  // With a handle the browser finds the folder again after the tab was closed; the input serves where there is none.
  const chooseFolder = async () => {
    const pick = folderPicker();
    if (pick === undefined) {
      folder.current?.click();
      return;
    }
    try {
      onDrop(fromHandles([await pick({ mode: 'read', id: 'studies' })]));
    } catch {
      // Nothing was chosen.
    }
  };

  const taken = (input: HTMLInputElement) => {
    if (input.files !== null && input.files.length > 0) {
      onDrop(fromList([...input.files]));
      input.value = '';
    }
  };

  const isScanning = looking.kind === 'scanning';
  return (
    <section className={[styles.zone, isOver ? styles.over : '', isCompact ? styles.compact : ''].join(' ')} aria-label={t('zone.label')} aria-busy={isScanning}>
      <span className={styles.zoneSign}><Icon name={isScanning ? 'search' : 'upload'} size={isCompact ? 20 : 28} /></span>
      <div className={styles.zoneText} role="status">
        <h2>{isScanning ? t('zone.scanning') : t(isCompact ? 'zone.more' : 'zone.title')}</h2>
        <p>{isScanning
          ? t('zone.progress', { count: looking.progress.files, files: format.number(looking.progress.files), images: format.number(looking.progress.instances) })
          : t('zone.text')}</p>
      </div>
      <div className={styles.zoneActions}>
        {isScanning ? <Button onClick={onCancel}>{t('cancel')}</Button> : (
          <>
            <Button variant={isCompact ? 'secondary' : 'primary'} icon="folder" onClick={() => void chooseFolder()}>{t('zone.folder')}</Button>
            <Button icon="image" onClick={() => files.current?.click()}>{t('zone.files')}</Button>
          </>
        )}
      </div>
      {!isCompact && !isScanning && <p className={styles.zoneHint}>{t('zone.privacy')}</p>}
      <input ref={folder} hidden type="file" data-kind="folder"
        {...{ webkitdirectory: '' }} multiple onChange={event => taken(event.currentTarget)} />
      <input ref={files} hidden type="file" data-kind="files"
        multiple onChange={event => taken(event.currentTarget)} />
    </section>
  );
}
