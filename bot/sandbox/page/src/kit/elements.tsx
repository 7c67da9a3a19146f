/** The interactive elements: each type's own drawing, or the box for those unknown. */

import type { ComponentType } from "react";
import { Button, FeedbackButtons, IconButton } from "./buttons";
import { Checkboxes, RadioButtons } from "./choices";
import { Picture } from "./pictures";
import { Overflow } from "./overflow";
import { DatePicker, DateTimePicker, TimePicker } from "./pickers";
import { MultiSelect, Select } from "./selects";
import type { Kit } from "../protocol";
import type { Placed } from "./surface";
import { TextInput } from "./inputs";
import { Guarded, Unsupported } from "./unsupported";

const ELEMENTS: Readonly<Record<string, ComponentType<Placed>>> = {
  button: Button,
  workflow_button: Button,
  icon_button: IconButton,
  feedback_buttons: FeedbackButtons,
  overflow: Overflow,
  image: ({ element }) => <Picture image={element} isSmall />,
  static_select: Select,
  users_select: Select,
  channels_select: Select,
  conversations_select: Select,
  external_select: TextInput,
  multi_static_select: MultiSelect,
  multi_users_select: MultiSelect,
  multi_channels_select: MultiSelect,
  multi_conversations_select: MultiSelect,
  multi_external_select: TextInput,
  checkboxes: Checkboxes,
  radio_buttons: RadioButtons,
  datepicker: DatePicker,
  timepicker: TimePicker,
  datetimepicker: DateTimePicker,
  plain_text_input: TextInput,
  rich_text_input: TextInput,
  email_text_input: TextInput,
  url_text_input: TextInput,
  number_input: TextInput,
};

/** Whether a person can fill it in here. */
export function isDrawn(element: Kit): boolean {
  return Object.hasOwn(ELEMENTS, element.type ?? "");
}

export function Element({ block, element }: Placed) {
  const type = element.type ?? "";
  const Known = Object.hasOwn(ELEMENTS, type) ? ELEMENTS[type] : undefined;
  if (!Known) return <Unsupported what={element} />;
  return (
    <Guarded what={element}>
      <Known block={block} element={element} />
    </Guarded>
  );
}
