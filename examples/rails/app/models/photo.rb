# An upload. Its key is that of the original, without the folder.
class Photo < ApplicationRecord
  # The states after `pending` are the events that imgprep reports.
  enum :state, %w[pending ready failed removed].index_by(&:itself), default: "pending"

  # Takes a message of `[notify]`. A repeated message says the same, so that it may be taken again.
  def self.apply(message)
    photo = find_by(key: message.fetch("name"))
    # Somebody else's upload, or one that was deleted since.
    return unless photo

    photo.update!(
      state: message.fetch("event"),
      thumbhash: message["thumbhash"],
      colour: message["colour"],
      reason: message["reason"]
    )
  end
end
