Rails.application.routes.draw do
  resources :photos, only: %i[index create]
  post "imgprep/notifications", to: "imgprep_notifications#create"
end
